"""How the API is called from a shell and from Python, by what it asks of its callers. Pure.

Secrets are never written into them: they name the variables that hold them.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTENT_TYPE = "text/csv"


@dataclass(frozen=True)
class Snippet:
    title: str
    text: str


def api_snippets(url: str, auth: str, region: str, has_authority: bool = False) -> tuple[Snippet, ...]:
    """`has_authority`: the server's certificate is of an authority that only `mlsystem env` knows."""
    return (
        Snippet("curl", _curl(url, auth, region, has_authority)),
        Snippet("Python", _python(url, auth, region, has_authority)),
    )


def endpoint_snippets(name: str, region: str) -> tuple[Snippet, ...]:
    """Through SageMaker's own API, with whatever credentials the caller has."""
    shell = (
        "aws sagemaker-runtime invoke-endpoint \\\n"
        f"  --endpoint-name {name} \\\n"
        f"  --content-type {CONTENT_TYPE} --region {region} \\\n"
        "  --body fileb://request.csv answer.csv"
    )
    python = (
        "import boto3\n\n"
        f'runtime = boto3.client("sagemaker-runtime", region_name="{region}")\n'
        "answer = runtime.invoke_endpoint(\n"
        f'    EndpointName="{name}",\n'
        f'    ContentType="{CONTENT_TYPE}",\n'
        '    Body=open("request.csv", "rb").read(),\n'
        ")\n"
        'print(answer["Body"].read().decode())'
    )
    return Snippet("AWS CLI", shell), Snippet("Python", python)


def _curl(url: str, auth: str, region: str, has_authority: bool) -> str:
    trust = ' --cacert "$AWS_CA_BUNDLE"' if has_authority else ""
    lines = [f"curl{trust} -X POST {url}", f"-H 'content-type: {CONTENT_TYPE}'"]
    match auth:
        case "API_KEY":
            lines.append('-H "x-api-key: $API_KEY"')
        case "IAM":
            lines.append(f'--aws-sigv4 "aws:amz:{region}:execute-api"')
            lines.append('--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"')
            lines.append('-H "x-amz-security-token: $AWS_SESSION_TOKEN"   # with temporary credentials')
    # A comment ends a command: what follows it would be lost.
    lines.insert(2, "--data-binary @request.csv")
    return " \\\n  ".join(lines)


def _python(url: str, auth: str, region: str, has_authority: bool) -> str:
    headers = f'{{"content-type": "{CONTENT_TYPE}"}}'
    imports, signing = "from urllib.request import Request, urlopen\n", ""
    sent = "Request(url, data=body, headers=headers)"
    if has_authority:
        imports = f"import ssl\n{imports}"
        sent += ', context=ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])'
    if auth == "API_KEY" or has_authority:
        imports = f"import os\n{imports}"
    if auth == "API_KEY":
        headers = f'{{"content-type": "{CONTENT_TYPE}", "x-api-key": os.environ["API_KEY"]}}'
    if auth == "IAM":
        imports += "\nimport boto3\nfrom botocore.auth import SigV4Auth\nfrom botocore.awsrequest import AWSRequest\n"
        signing = (
            'signed = AWSRequest("POST", url, data=body, headers=headers)\n'
            f'SigV4Auth(boto3.Session().get_credentials(), "execute-api", "{region}").add_auth(signed)\n'
            "headers = dict(signed.headers)\n"
        )
    return (
        f'{imports}\nurl = "{url}"\nbody = open("request.csv", "rb").read()\nheaders = {headers}\n{signing}'
        f"with urlopen({sent}) as answer:\n    print(answer.read().decode())"
    )
