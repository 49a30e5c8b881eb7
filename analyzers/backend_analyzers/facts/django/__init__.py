"""What Django projects declare in Python: models, fields, apps and migrations, shared by the readers of each."""
