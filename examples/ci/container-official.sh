#!/bin/sh
# The same as container.sh, with the official command line.
set -eu
docker run --rm -e PIPECAT_TOKEN -e PIPECAT_ORG -e PIPECAT_API_HOST -v "$PWD:/agent" -w /agent python:3.12-slim sh ci/deploy-official.sh
