"""What rules know about a file or the workspace, derived once and shared."""
