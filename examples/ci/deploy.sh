#!/bin/sh
# Deploys the agent in the current folder with `pipecat cloud`, anywhere that has Node.js 20.19 or newer. Wants PIPECAT_TOKEN,
# PIPECAT_ORG and PIPECAT_API_HOST in the environment: see docs/ci.md.
set -eu
: "${PIPECAT_ORG:?is not set: the name of the organization}" "${PIPECAT_API_HOST:?is not set: the address of the server}"
pipecat() { npx --yes --package=@pipecat-cloud/cli@0.1.0 pipecat "$@"; }

pipecat cloud auth status --check --agent my-agent
pipecat cloud deploy --yes
