"""gevent.pywsgi with json: the original's stack. python3 server.py HOST:PORT"""

import json
import sys

from gevent.pywsgi import WSGIServer


def application(environ, start_response):
    if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != "/api/v0/echo/read":
        start_response("404 Not Found", [])
        return [b""]
    request = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    request["server"] = "bench"
    response = json.dumps(request).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(response)))])
    return [response]


host, port = sys.argv[1].rsplit(":", 1)
WSGIServer((host, int(port)), application, log=None).serve_forever()
