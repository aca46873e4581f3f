"""A mail server for tests: says its port, then one line of JSON for each mail it takes, as Python's email package reads it.

python3 mail_server.py '{"certificate": FILE, "key": FILE, "tls": "starttls"|"whole", "user": …, "password": …,
                         "rcpt": ANSWER, "data": ANSWER, "forgets": SECONDS}'     (all of them optional)
"""

import asyncio
import email
import email.policy
import json
import logging
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

# Clients that hang up are what some tests are about.
logging.disable()
settings = json.loads(sys.argv[1])
lines = 0


def say(what):
    print(json.dumps(what), flush=True)


class Handler:
    def __init__(self):
        global lines
        lines += 1
        self.line = lines

    async def handle_RCPT(self, server, session, envelope, address, options):
        if "rcpt" in settings:
            return settings["rcpt"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if "data" in settings:
            return settings["data"]
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        say({
            "line": self.line,
            "encrypted": session.ssl is not None or settings.get("tls") == "whole",
            "signed_in": bool(session.authenticated),
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in mail.items()],
            "body": mail.get_content(),
            "faults": [str(fault) for fault in mail.defects],
            "ascii": envelope.original_content.isascii(),
            "longest": max(len(line) for line in envelope.original_content.split(b"\r\n")),
        })
        return "250 OK"


def known(server, session, envelope, mechanism, data):
    good = data.login == settings["user"].encode() and data.password == settings["password"].encode()
    return AuthResult(success=good, handled=good or None)


async def serve():
    context = None
    if "certificate" in settings:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings["certificate"], settings["key"])
    whole = settings.get("tls") == "whole"
    starttls = context if settings.get("tls") == "starttls" else None
    signs_in = {}
    if "user" in settings:
        signs_in = {"authenticator": known, "auth_required": True, "auth_require_tls": starttls is not None}

    def accept():
        return SMTP(Handler(), tls_context=starttls, require_starttls=starttls is not None,
                    timeout=settings.get("forgets", 300), hostname="mail.test", **signs_in)

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0, ssl=context if whole else None)
    say({"port": server.sockets[0].getsockname()[1]})
    # Ends with the test, also when the test is killed.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(serve())
