"""What is known, and how a question about it is answered."""
