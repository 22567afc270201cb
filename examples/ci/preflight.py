#!/usr/bin/env python3
"""Is everything there that the next steps of a pipeline need? For pipelines with the official command line, which tells nothing of a
token before it is used, and whose older versions exit 0 when they are refused. Python 3.8 or newer; nothing to install.

    python3 preflight.py [--agent NAME]... [--min-days DAYS] [--permission NAME]...

Reads PIPECAT_TOKEN, PIPECAT_ORG and PIPECAT_API_HOST, and asks the server; changes nothing. Exits with the code of the first check
that fails: 2 wrong usage, 4 no token, 5 token rejected or ending too soon, 6 forbidden, 7 another organization, 12 no such server.
"""

import argparse
import datetime
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

# What `deploy` needs.
DEPLOY = ["agents:read", "agents:deploy", "builds:read", "builds:write", "secrets:read"]


def stop(code, text):
    sys.exit(print(f"✗ {text}", file=sys.stderr) or code)


def variable(name, code, hint):
    # A trailing line end is what reading a secret from a file leaves behind.
    value = os.environ.get(name, "").strip()
    if not value:
        stop(code, f"{name} is {'empty' if name in os.environ else 'missing'}: {hint}")
    return value


class NoRedirects(urllib.request.HTTPRedirectHandler):
    # A token is for the host that was named, and for no other.
    def redirect_request(self, *_):
        return None


def ask(host, token, path, **query):
    """The answer, or (status, refusal) where the server refuses."""
    address = host + path + ("?" + urllib.parse.urlencode(query) if query else "")
    try:
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.build_opener(NoRedirects).open(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        try:
            refusal = json.load(error)
            text, reason = str(refusal["error"]), refusal.get("reason")
        except (ValueError, KeyError, TypeError):
            stop(12, f"{host} answered {error.code} with something that is not of this API: check PIPECAT_API_HOST")
        if error.code == 401:
            stop(5, text)
        stop(7 if reason == "wrong_organization" else 6 if error.code == 403 else 12, text)
    except (OSError, ValueError) as error:
        stop(12, f"{host} can't be asked: {getattr(error, 'reason', error)}")


def main():
    options = argparse.ArgumentParser(description="Checks what a pipeline needs before it deploys.")
    options.add_argument("--agent", action="append", metavar="NAME", help="the token must reach it; repeatable")
    options.add_argument("--permission", action="append", metavar="NAME", help="must be allowed; repeatable")
    options.add_argument("--min-days", type=float, default=7, metavar="DAYS", help="the token must live so long (default: 7)")
    wanted = options.parse_args()
    token = variable("PIPECAT_TOKEN", 4, "put a personal access token into the secrets of the CI system")
    organization = variable("PIPECAT_ORG", 2, "set it to the name of the organization")
    host = variable("PIPECAT_API_HOST", 2, "set it to the address of the server").rstrip("/")

    described = ask(host, token, "/v1/tokens/self")["token"]
    print(f"✓ the token {described['name']} ({described['masked']}) is accepted by {host}")
    for agent in wanted.agent or [None]:
        for permission in wanted.permission or DEPLOY:
            query = {"permission": permission, "organization": organization, **({"agent": agent} if agent else {})}
            answer = ask(host, token, "/v1/tokens/self/can", **query)
            what = f"{permission}{f' for {agent}' if agent else ''} in {organization}"
            if answer.get("allowed") is not True:
                code = 7 if answer.get("reason") == "wrong_organization" else 6
                stop(code, f"may not {what}: {answer.get('error', 'the server gives no reason')}")
            print(f"✓ may {what}")

    end = described.get("endsAt") or described.get("expiresAt")
    if end and described.get("kind") != "ci":
        until = datetime.datetime.strptime(end[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
        days = (until - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400
        if days < wanted.min_days:
            stop(5, f"the token ends in {days:.1f} days ({end}); wanted are {wanted.min_days:g}: rotate it")
        print(f"✓ the token ends in {days:.0f} days ({end})")


main()
