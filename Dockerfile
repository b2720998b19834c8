# The service and its command line, with the locked dependencies, run by a user without rights.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app

COPY requirements/runtime.txt requirements/build.txt requirements/
RUN pip install --require-hashes --no-deps --only-binary :all: -r requirements/runtime.txt -r requirements/build.txt

COPY pyproject.toml LICENSE ./
COPY pathway pathway
COPY api api
COPY migrations migrations
# Editable: the migrations stay beside the package, as in a checkout.
RUN pip install --no-deps --no-build-isolation --no-index --editable . \
    && useradd --system --uid 10001 --no-create-home pathway

USER 10001
EXPOSE 8000
CMD ["pathway", "serve", "--host", "0.0.0.0", "--port", "8000"]
