"""Rules about routes and what they answer."""
