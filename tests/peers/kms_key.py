"""Makes a key in AWS KMS, or in what stands for it on loopback, and says its ARN.

    AWS_ENDPOINT_URL=… kms_key.py
"""

import boto3

client = boto3.client("kms", region_name="us-east-1")
key = client.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256", Description="online")
print(key["KeyMetadata"]["Arn"])
