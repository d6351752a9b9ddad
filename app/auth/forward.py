"""`/auth/admin`: may whoever asks a proxy in front see what is for admins, such as Flower?

The proxy sends us the cookie that came with a request, and lets it pass when we answer 204
(nginx: auth_request). The gate has judged by then.
"""

from flask import Blueprint, Response

blueprint = Blueprint("forward", __name__)


@blueprint.get("/auth/admin")
def admin() -> Response:
    """They may."""
    return Response(status=204)
