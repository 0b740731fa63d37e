# shellcheck shell=bash source=tests/clients/scripts/asserting.sh
# Who am I, and files in buckets.
source "$SCRIPTS/asserting.sh"
bucket="objects-$NAME"

is "arn:aws:iam::000000000000:root" aws sts get-caller-identity --query Arn --output text
is "make_bucket: $bucket" aws s3 mb "s3://$bucket"
mkdir -p data/june
printf 'a,1\n' >data/may.csv
printf 'b,2\n' >data/june/one.csv
printf 'c,3\n' >data/june/two.txt
# S3 tells times in whole seconds: sync takes a file that was written within the second of its upload for newer.
touch --date '1 minute ago' data/may.csv data/june/*
has 'upload: .*may.csv to' aws s3 cp data/may.csv "s3://$bucket/data/may.csv"
has 'upload: .*one.csv to' aws s3 sync data "s3://$bucket/data" --exclude '*.txt'
is "" aws s3 sync data "s3://$bucket/data" --exclude '*.txt'
is $'data/june/one.csv\ndata/may.csv' aws s3api list-objects-v2 --bucket "$bucket" --query 'Contents[].[Key]' --output text
has 'PRE june/' aws s3 ls "s3://$bucket/data/"
has 'Total Objects: 2' aws s3 ls "s3://$bucket" --recursive --human-readable --summarize
is 'a,1' aws s3 cp "s3://$bucket/data/may.csv" -
echo "piped" | aws s3 cp - "s3://$bucket/piped.txt"
is "piped" aws s3 cp "s3://$bucket/piped.txt" - --quiet
is "piped" curl -sf "$(aws s3 presign "s3://$bucket/piped.txt" --expires-in 60)"
head -c 20000000 /dev/zero >large.bin
aws s3 cp large.bin "s3://$bucket/large.bin" --only-show-errors
is 20000000 aws s3api head-object --bucket "$bucket" --key large.bin --query ContentLength --output text
aws s3 cp "s3://$bucket/large.bin" again.bin --only-show-errors
cmp large.bin again.bin
rm large.bin again.bin
is "bytes 2-3/6" aws s3api get-object --bucket "$bucket" --key piped.txt --range bytes=2-3 part --query ContentRange --output text
is "pe" cat part
refused PreconditionFailed aws s3api put-object --bucket "$bucket" --key piped.txt --body part --if-none-match '*'
etag="$(aws s3api head-object --bucket "$bucket" --key piped.txt --query ETag --output text)"
has '"' aws s3api put-object --bucket "$bucket" --key piped.txt --body part --if-match "$etag" --query ETag
refused PreconditionFailed aws s3api put-object --bucket "$bucket" --key piped.txt --body part --if-match "$etag"
refused 'Not Modified' aws s3api get-object --bucket "$bucket" --key data/may.csv --if-modified-since 2040-01-01T00:00:00Z part
has 'move: ' aws s3 mv "s3://$bucket/piped.txt" "s3://$bucket/moved.txt"
refused '(404|Not Found)' aws s3api head-object --bucket "$bucket" --key piped.txt
is '["data/june/one.csv","data/may.csv"]' jsonless aws s3api list-objects-v2 --bucket "$bucket" --prefix data/ --page-size 1 --query 'Contents[].Key'
has 'delete: ' aws s3 rm "s3://$bucket" --recursive --exclude 'data/*'
has '"KeyCount": 2|data/may.csv' aws s3api list-objects-v2 --bucket "$bucket"
is "" aws s3api wait object-exists --bucket "$bucket" --key data/may.csv
has "remove_bucket: $bucket" aws s3 rb "s3://$bucket" --force
is "" aws s3api wait bucket-not-exists --bucket "$bucket"
refused NoSuchBucket aws s3 ls "s3://$bucket"
