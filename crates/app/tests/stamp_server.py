"""A time-stamping authority for tests: says its port, then answers RFC 3161 over HTTP with `openssl ts -reply`.

python3 stamp_server.py FOLDER     FOLDER holds openssl.cnf with a section [tsa]; a file `down` in it makes it refuse.
"""

import http.server
import os
import subprocess
import sys
import tempfile
import threading

folder = sys.argv[1]
turn = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        if os.path.exists(os.path.join(folder, "down")) or self.headers["Content-Type"] != "application/timestamp-query":
            self.send_error(503)
            return
        with turn, tempfile.NamedTemporaryFile(dir=folder) as question:
            question.write(query)
            question.flush()
            reply = subprocess.run(["openssl", "ts", "-reply", "-config", "openssl.cnf", "-section", "tsa", "-queryfile", question.name],
                                   cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
# Ends with the test, also when the test is killed.
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
