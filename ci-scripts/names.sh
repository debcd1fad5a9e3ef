# shellcheck shell=bash
# shellcheck disable=SC2034
# The names that a fork changes: here alone, since the next release writes them wherever they are needed.

# On Bitbucket. Users write `pipe: WORKSPACE/REPOSITORY:X.Y.Z`.
workspace=packagepipes
repository=bitbucket-upload-package
# On Docker Hub: ACCOUNT/IMAGE:X.Y.Z.
account=$workspace
image_name=$repository
