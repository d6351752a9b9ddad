"""What we send out: letters and messages. Each is written down before and after it is sent."""
