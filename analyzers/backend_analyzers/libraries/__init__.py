"""What calls of libraries mean, as tables: one file per ecosystem and concern."""
