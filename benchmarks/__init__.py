"""What Caseboard costs, beside what the machine can do: ratios measured side by side in one run."""
