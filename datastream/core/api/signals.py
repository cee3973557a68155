"""What the API's ground announces upward."""

from django.dispatch import Signal

# view: APIView, status: int, code: str. After the request's own transaction was undone.
request_denied = Signal()
