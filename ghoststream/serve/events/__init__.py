"""Events of cameras and archives, and what people say of them."""
