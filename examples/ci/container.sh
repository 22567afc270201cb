#!/bin/sh
# Deploys the agent in the current folder from a container, with nothing on the machine but Docker. Wants PIPECAT_TOKEN, PIPECAT_ORG and
# PIPECAT_API_HOST in the environment, which hands them on by name: no value stands in the list of processes. See docs/ci.md.
set -eu
docker run --rm -e PIPECAT_TOKEN -e PIPECAT_ORG -e PIPECAT_API_HOST -v "$PWD:/agent" -w /agent node:24-slim sh ci/deploy.sh
