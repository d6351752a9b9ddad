"""What Caseboard costs, beside what the machine can do: figures measured side by side in one run."""
