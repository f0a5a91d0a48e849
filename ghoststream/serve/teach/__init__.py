"""Teaching: examples of classes, heads trained from them, and archives named anew."""
