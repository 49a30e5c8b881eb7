"""Rules about calls between processes and machines."""
