"""What people see: pages that the server draws, and the little scripts that they need."""
