"""One module for each part of the public interface."""
