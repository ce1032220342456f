"""A marketplace's server for documents, of Python's standard library alone: TLS, a token, a folder.

Usage: documents.py CHAIN.pem TOKEN FOLDER; prints its port, then a line of JSON for each request.
"""

import base64
import hashlib
import http.server
import json
import pathlib
import ssl
import sys

chain, token, folder = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def take(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        told = json.loads(body if self.command == "POST" else base64.urlsafe_b64decode(self.headers["X-Document"]))
        name = self.path.strip("/").replace("/", "_")
        there = pathlib.Path(folder, name)
        if self.headers["Authorization"] != "Bearer " + token:
            status = 401
        elif self.command == "PUT" and hashlib.sha256(body).hexdigest() != self.path.rsplit("/", 1)[1]:
            status = 400
        elif there.exists():
            status = 409
        else:
            there.write_bytes(body)
            status = 201
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        print(json.dumps({"status": status, "path": self.path, "host": self.headers["Host"], "told": told}), flush=True)

    do_PUT = do_POST = take

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(chain)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
