"""The orders service: customers place, follow and cancel orders."""
