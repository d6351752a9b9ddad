"""The versions of cases as a table that statements read from: `V` are its columns."""

from datetime import timedelta

from app.models import CaseVersion

VERSIONS = CaseVersion.__table__.alias("v")
V = VERSIONS.c
TICK = timedelta(microseconds=1)
