"""Sandbox: the customer portal, JIRA and Bugzilla as small real servers over one seeded world."""
