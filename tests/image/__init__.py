"""The images of the Dockerfile, built and run without a Docker daemon: `make image-test`."""
