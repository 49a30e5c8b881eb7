"""Rules about injection, secrets and suppressions."""
