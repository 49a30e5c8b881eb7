"""What people and other tools read: text, json, sarif, github, gitlab, junit."""
