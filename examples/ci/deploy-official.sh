#!/bin/sh
# Deploys the agent in the current folder with the official command line (PyPI: pipecatcloud), anywhere that has Python 3.11 or newer.
# Stands beside preflight.py. Wants PIPECAT_TOKEN, PIPECAT_ORG and PIPECAT_API_HOST in the environment: see docs/ci.md.
set -eu
python3 "$(dirname "$0")/preflight.py" --agent my-agent

venv="$(mktemp -d)"
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
# Older versions than 1.1 exit 0 when a command fails.
"$venv/bin/pip" install --quiet pipecat-ai-cli==1.3.0 pipecatcloud==1.4.0
"$venv/bin/pipecat" cloud deploy --yes
