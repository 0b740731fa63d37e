BEGIN TRANSACTION;
CREATE TABLE history (
	id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	at FLOAT NOT NULL, 
	type VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "history" VALUES(1,'stepfunctions.execution','arn:aws:states:us-east-1:000000000000:execution:flow:rests',1.79617078602808237074e+09,'ExecutionStarted','{"id": 1, "previousEventId": 0, "at": 1796170786.0280824, "details": {"executionStartedEventDetails": {"input": "{}", "inputDetails": {"truncated": false}, "roleArn": "arn:aws:iam::000000000000:role/flow"}}}');
INSERT INTO "history" VALUES(2,'stepfunctions.execution','arn:aws:states:us-east-1:000000000000:execution:flow:rests',1.79617078602808237074e+09,'PassStateEntered','{"id": 2, "previousEventId": 0, "at": 1796170786.0280824, "details": {"stateEnteredEventDetails": {"name": "Begin", "input": "{}", "inputDetails": {"truncated": false}}}}');
INSERT INTO "history" VALUES(3,'stepfunctions.execution','arn:aws:states:us-east-1:000000000000:execution:flow:rests',1.79617078602808237074e+09,'PassStateExited','{"id": 3, "previousEventId": 2, "at": 1796170786.0280824, "details": {"stateExitedEventDetails": {"name": "Begin", "output": "{\"from\":\"before\"}", "outputDetails": {"truncated": false}}}}');
INSERT INTO "history" VALUES(4,'stepfunctions.execution','arn:aws:states:us-east-1:000000000000:execution:flow:rests',1.79617078602808237074e+09,'WaitStateEntered','{"id": 4, "previousEventId": 3, "at": 1796170786.0280824, "details": {"stateEnteredEventDetails": {"name": "Rest", "input": "{\"from\":\"before\"}", "inputDetails": {"truncated": false}}}}');
INSERT INTO "history" VALUES(5,'cloudwatch.alarm','high',1.79617078630672311785e+09,'ConfigurationUpdate','{"summary": "Alarm \"high\" created", "definition": {"AlarmName": "high", "MetricName": "Count", "Namespace": "Own", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 100.0, "ComparisonOperator": "GreaterThanThreshold"}}');
CREATE TABLE log_events (
	id INTEGER NOT NULL, 
	group_name VARCHAR NOT NULL, 
	stream_name VARCHAR NOT NULL, 
	at_ms INTEGER NOT NULL, 
	ingested_ms INTEGER NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE meta (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema','1');
INSERT INTO "meta" VALUES('account','000000000000');
INSERT INTO "meta" VALUES('region','us-east-1');
INSERT INTO "meta" VALUES('master_key','ded88dbb0b81d384827103d6f5988f03d210656adc30b48ac3da502e0bde2df1');
INSERT INTO "meta" VALUES('door_generation','1');
INSERT INTO "meta" VALUES('door_port','41787');
INSERT INTO "meta" VALUES('door_command','["/home/user/.venv/lib/python3.11/site-packages/envoy/_bin/envoy", "--config-path", "/home/user/.mlsystem/door/bootstrap.json", "--concurrency", "2", "--disable-hot-restart", "--drain-strategy", "immediate", "--log-level", "warning", "--file-flush-interval-msec", "1000"]');
CREATE TABLE metric_points (
	id INTEGER NOT NULL, 
	namespace VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	dimensions VARCHAR NOT NULL, 
	at FLOAT NOT NULL, 
	unit VARCHAR NOT NULL, 
	sample_count FLOAT NOT NULL, 
	total FLOAT NOT NULL, 
	minimum FLOAT NOT NULL, 
	maximum FLOAT NOT NULL, 
	sample BLOB NOT NULL, 
	idempotency_key VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (idempotency_key)
);
INSERT INTO "metric_points" VALUES(1,'Own','Count','[]',1.79617078627511763573e+09,'None',1.0,3.0,3.0,3.0,X'5B5B332E302C312E305D5D',NULL);
CREATE TABLE objects (
	bucket VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	sequence INTEGER NOT NULL, 
	version_id VARCHAR NOT NULL, 
	is_latest BOOLEAN NOT NULL, 
	is_delete_marker BOOLEAN NOT NULL, 
	holder VARCHAR NOT NULL, 
	size INTEGER NOT NULL, 
	etag VARCHAR NOT NULL, 
	modified_at FLOAT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (bucket, "key", sequence)
);
INSERT INTO "objects" VALUES('kept','report.txt',1,'oK09znIWPHDOVgoGp55GqOuhnEJKsS_i',0,0,'bcb98c0e3d1c1821dc05cf2a2332c80d',17,'0e0497d06616ceae0476cf9bc23ff489',1.79617078377006173135e+09,'{"encryption":{"algorithm":"aws:kms","key_arn":"arn:aws:kms:us-east-1:000000000000:key/451470a3-9ecb-4476-b20c-04fbf5c650c4","bucket_key":false,"context":{"aws:s3:arn":"arn:aws:s3:::kept/report.txt"},"data_key":"AUUUcKOey0R2sgwE+/XGUMR+xB/+AGmkRUY94rg6m9mexsZtvb4nYEzlDWo5J2l1ojznNvp7fJuj9X3p1XuuCfvv1Bq1VvA8aXE09+lafeu9cZ9mDi3zlLL8IGTMrhvsOPI4ZrlnbxhaSdSkXg=="},"content_type":"binary/octet-stream","headers":{},"metadata":{},"tags":{},"checksums":{"CRC32":"/kjz+A=="},"checksum_type":"FULL_OBJECT","part_numbers":[]}');
INSERT INTO "objects" VALUES('kept','report.txt',2,'BClP5S9t6EgQR-ObsBe2LiLZnjvQdDQ6',1,0,'3c317cec933d34ac58d3efb200deb129',18,'73207cb8f746c4d6c39a15319bb68a38',1.79617078386915206907e+09,'{"encryption":{"algorithm":"aws:kms","key_arn":"arn:aws:kms:us-east-1:000000000000:key/451470a3-9ecb-4476-b20c-04fbf5c650c4","bucket_key":false,"context":{"aws:s3:arn":"arn:aws:s3:::kept/report.txt"},"data_key":"AUUUcKOey0R2sgwE+/XGUMR+xB/+AGmkRUY94rg6m9mexsZtvb4nYEzlDWo5J2l1osZYYnaOjphHrjRDBUsgoMhTAaUiNNR1ycE5Vnjn+K0aU9i3B/OARGk0a2QGOM67X7TTrtLQ3UVccUMiRg=="},"content_type":"binary/octet-stream","headers":{},"metadata":{},"tags":{},"checksums":{"CRC32":"92ZTyQ=="},"checksum_type":"FULL_OBJECT","part_numbers":[]}');
INSERT INTO "objects" VALUES('kept','data.zip',1,'0S0JVwa9yRitLJcH-Ok4NgKC-ahl9tNC',1,0,'e3a64f60139f4c5c78a8b9a3f533eaed',332,'ca57d35a13f8051e8f68942083d5f802',1.79617078393825554852e+09,'{"encryption":{"algorithm":"aws:kms","key_arn":"arn:aws:kms:us-east-1:000000000000:key/451470a3-9ecb-4476-b20c-04fbf5c650c4","bucket_key":false,"context":{"aws:s3:arn":"arn:aws:s3:::kept/data.zip"},"data_key":"AUUUcKOey0R2sgwE+/XGUMR+xB/+AGmkRUY94rg6m9mexsZtvb4nYEzlDWo5J2l1omh0VY3DqHWi2YvddEKwLks0hbHpptF1TX4ebVkTdTnGgx6bSG0TQdK3V7bkQzgXoNWA3pHPtBwKx7yMVg=="},"content_type":"binary/octet-stream","headers":{},"metadata":{},"tags":{},"checksums":{"CRC32":"HNiLKQ=="},"checksum_type":"FULL_OBJECT","part_numbers":[]}');
INSERT INTO "objects" VALUES('kept','line/Data/5deb3b9',1,'bDJ6xgBiSelbmCRySGK9B2Lf0-_lr_82',1,0,'6b9bf9ae4fc95845e3d84559f6ce28a5',332,'96cb4ef32956c773a9efc874c052e540',1796170787.08414,'{"encryption":{"algorithm":"aws:kms","key_arn":"arn:aws:kms:us-east-1:000000000000:key/451470a3-9ecb-4476-b20c-04fbf5c650c4","bucket_key":false,"context":{"aws:s3:arn":"arn:aws:s3:::kept/line/Data/5deb3b9"},"data_key":"AUUUcKOey0R2sgwE+/XGUMR+xB/+AGmkRUY94rg6m9mexsZtvb4nYEzlDWo5J2l1oscxDWwy5awfDzkF1U6buUkiM85CSeG5AjWxHr0ZCvp81WR2uoIoG6pyFtBLCQWXgrg8tK690tpmoj9/Kw=="},"content_type":"binary/octet-stream","headers":{},"metadata":{},"tags":{},"checksums":{},"checksum_type":"FULL_OBJECT","part_numbers":[]}');
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	idempotency_key VARCHAR, 
	lane VARCHAR NOT NULL, 
	target VARCHAR NOT NULL, 
	owner_kind VARCHAR NOT NULL, 
	owner_key VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	not_before FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (idempotency_key)
);
CREATE TABLE records (
	kind VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	parent VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	updated_at FLOAT NOT NULL, 
	PRIMARY KEY (kind, "key")
);
INSERT INTO "records" VALUES('kms.key','c22a39ef-ec94-4fa2-a43b-699a65baa88c','','Enabled','{"key":"c22a39ef-ec94-4fa2-a43b-699a65baa88c","state":"Enabled","parent":"","created_at":1796170780.329554,"updated_at":1796170780.329554,"arn":"arn:aws:kms:us-east-1:000000000000:key/c22a39ef-ec94-4fa2-a43b-699a65baa88c","manager":"AWS","description":"Default key that protects my s3 data when no other key is defined","policy":"","tags":{},"materials":[{"id":"e4d80ea0aa29b8a68566baaa54e823669f65f93ad85913af469098c5a4958ed3","sealed_hex":"cebfe096b0dcc5e934c235b457d7bf86700cf2a55d4b2ee73879ca5ff36312fc0b4cc2873eebab63d7b36c221b9034583bfb16c5c82a3d6320b0253e","made_at":0.0,"rotation":""}],"rotation_days":0,"rotates_at":0.0,"deleted_at":0.0}',1.79617078032955408096e+09,1.79617078032955408096e+09);
INSERT INTO "records" VALUES('kms.alias','alias/aws/s3','c22a39ef-ec94-4fa2-a43b-699a65baa88c','','{"key":"alias/aws/s3","state":"","parent":"c22a39ef-ec94-4fa2-a43b-699a65baa88c","created_at":1796170780.329554,"updated_at":1796170780.329554,"arn":"arn:aws:kms:us-east-1:000000000000:alias/aws/s3"}',1.79617078032955408096e+09,1.79617078032955408096e+09);
INSERT INTO "records" VALUES('kms.key','f02d28aa-cd22-4bcf-a198-f6b42d50b6fa','','Enabled','{"key":"f02d28aa-cd22-4bcf-a198-f6b42d50b6fa","state":"Enabled","parent":"","created_at":1796170780.329554,"updated_at":1796170780.329554,"arn":"arn:aws:kms:us-east-1:000000000000:key/f02d28aa-cd22-4bcf-a198-f6b42d50b6fa","manager":"AWS","description":"Default key that protects my secretsmanager data when no other key is defined","policy":"","tags":{},"materials":[{"id":"aed7d61c1867738d4f97e3ad95cfaae7bd6f0fcb061ef62ed181984109344190","sealed_hex":"4c399176c539af57407cdbc4d0ee3415a650b25f8c6864c1035a76c36ac7466ac27495167b5a98001a4071fb9c5653bfba73d42c75574632168196c0","made_at":0.0,"rotation":""}],"rotation_days":0,"rotates_at":0.0,"deleted_at":0.0}',1.79617078032955408096e+09,1.79617078032955408096e+09);
INSERT INTO "records" VALUES('kms.alias','alias/aws/secretsmanager','f02d28aa-cd22-4bcf-a198-f6b42d50b6fa','','{"key":"alias/aws/secretsmanager","state":"","parent":"f02d28aa-cd22-4bcf-a198-f6b42d50b6fa","created_at":1796170780.329554,"updated_at":1796170780.329554,"arn":"arn:aws:kms:us-east-1:000000000000:alias/aws/secretsmanager"}',1.79617078032955408096e+09,1.79617078032955408096e+09);
INSERT INTO "records" VALUES('sts.access_key','AKIAWP2VQP2BR56P4DVC','','','{"key":"AKIAWP2VQP2BR56P4DVC","state":"","parent":"","created_at":1796170780.6302772,"updated_at":1796170780.6302772,"principal":"arn:aws:iam::000000000000:root","account":"000000000000","expires_at":null}',1.79617078063027715687e+09,1.79617078063027715687e+09);
INSERT INTO "records" VALUES('iam.role','pipeline','','','{"key":"pipeline","state":"","parent":"","created_at":1796170782.5579891,"updated_at":1796170782.6425738,"arn":"arn:aws:iam::000000000000:role/pipeline","role_id":"AROAE7061EF2DED098A82","path":"/","trust":"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"codepipeline.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]}","description":"","max_session_seconds":3600,"policies":{"all":"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}]}"},"attached":[],"tags":{}}',1.79617078255798912045e+09,1.79617078264257383352e+09);
INSERT INTO "records" VALUES('iam.role','builder','','','{"key":"builder","state":"","parent":"","created_at":1796170782.6989584,"updated_at":1796170782.7378387,"arn":"arn:aws:iam::000000000000:role/builder","role_id":"AROA785CBD162593529AA","path":"/","trust":"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"codebuild.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]}","description":"","max_session_seconds":3600,"policies":{"all":"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}]}"},"attached":[],"tags":{}}',1.79617078269895839685e+09,1.7961707827378387451e+09);
INSERT INTO "records" VALUES('iam.role','flow','','','{"key":"flow","state":"","parent":"","created_at":1796170782.7648854,"updated_at":1796170782.798721,"arn":"arn:aws:iam::000000000000:role/flow","role_id":"AROAA165910C1B312AB32","path":"/","trust":"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"states.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]}","description":"","max_session_seconds":3600,"policies":{"all":"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}]}"},"attached":[],"tags":{}}',1.79617078276488542553e+09,1.79617078279872107501e+09);
INSERT INTO "records" VALUES('iam.role','function','','','{"key":"function","state":"","parent":"","created_at":1796170782.826172,"updated_at":1796170782.858552,"arn":"arn:aws:iam::000000000000:role/function","role_id":"AROA2B91DC5DC92A00183","path":"/","trust":"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"lambda.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}]}","description":"","max_session_seconds":3600,"policies":{"all":"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}]}"},"attached":[],"tags":{}}',1.79617078282617211341e+09,1.79617078285855197904e+09);
INSERT INTO "records" VALUES('kms.key','451470a3-9ecb-4476-b20c-04fbf5c650c4','','Enabled','{"key":"451470a3-9ecb-4476-b20c-04fbf5c650c4","state":"Enabled","parent":"","created_at":1796170783.1595833,"updated_at":1796170783.1595833,"arn":"arn:aws:kms:us-east-1:000000000000:key/451470a3-9ecb-4476-b20c-04fbf5c650c4","manager":"CUSTOMER","description":"of the artefacts","policy":"{\"Version\": \"2012-10-17\", \"Id\": \"key-default-1\", \"Statement\": [{\"Sid\": \"Enable IAM User Permissions\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::000000000000:root\"}, \"Action\": \"kms:*\", \"Resource\": \"*\"}]}","tags":{},"materials":[{"id":"7ec41ffe0069a445463de2b83a9bd99ec6c66dbdbe27604ce50d6a39276975a2","sealed_hex":"7e3dd6c25b8977e45d08dfd68040b59563b3949f3d917050868bbe623e966a7e27c28bf86d7ce7e6b509ac0a82084d24664f77702c5aa225ce0516f0","made_at":0.0,"rotation":""}],"rotation_days":0,"rotates_at":0.0,"deleted_at":0.0}',1.7961707831595833301e+09,1.7961707831595833301e+09);
INSERT INTO "records" VALUES('s3.bucket','kept','000000000000','Enabled','{"key":"kept","state":"Enabled","parent":"000000000000","created_at":1796170783.5848646,"updated_at":1796170783.6786397,"region":"us-east-1","documents":{"encryption":{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"451470a3-9ecb-4476-b20c-04fbf5c650c4"}}]}}}',1.79617078358486461642e+09,1.79617078367863965029e+09);
INSERT INTO "records" VALUES('codebuild.project','release','','','{"key":"release","state":"","parent":"","created_at":1796170784.3425643,"updated_at":1796170784.3425643,"definition":{"name":"release","source":{"type":"CODEPIPELINE"},"artifacts":{"type":"CODEPIPELINE"},"environment":{"type":"LINUX_CONTAINER","image":"standard","computeType":"BUILD_GENERAL1_SMALL"},"serviceRole":"arn:aws:iam::000000000000:role/builder"},"builds":0}',1.79617078434256434438e+09,1.79617078434256434438e+09);
INSERT INTO "records" VALUES('secretsmanager.secret','token','','Active','{"key":"token","state":"Active","parent":"","created_at":1796170784.5787845,"updated_at":1796170784.5787845,"arn":"arn:aws:secretsmanager:us-east-1:000000000000:secret:token-uxJ2WF","description":"","kms_key_id":"","tags":{},"versions":[{"id":"d0742074-0910-4104-9f38-f86f43d845ef","stages":["AWSCURRENT"],"is_binary":false,"sealed_hex":"9ea13720c79c11cbe9c50886e91c24eab43bc19802574794ce1bf3f83a66601f2481ebd1b774e3dcb0713f4c92350787","data_key_hex":"01f02d28aacd224bcfa198f6b42d50b6faaed7d61c1867738d4f97e3ad95cfaae7bd6f0fcb061ef62ed181984109344190067a761e259a50cab09a360891e557d9498aa079b32ce0f6c9c95e8ecf0aa65325a851cd241bda5b5874cdfaba8b4c5c14f3ff9f376895f141ded081","created_at":1796170784.5787845}],"changed_at":1796170784.5787845,"deleted_at":0.0,"gone_at":0.0}',1.79617078457878446575e+09,1.79617078457878446575e+09);
INSERT INTO "records" VALUES('lambda.function','echo','','Active','{"key":"echo","state":"Active","parent":"","created_at":1796170785.57877,"updated_at":1796170785.607446,"configuration":{"Description":"","EphemeralStorage":{"Size":512},"MemorySize":128,"Timeout":3,"TracingConfig":{"Mode":"PassThrough"},"Architectures":["x86_64"],"Handler":"app.handler","Role":"arn:aws:iam::000000000000:role/function","Runtime":"python3.11"},"code":{"package_type":"Zip","sha256":"4IM48a9r1og3R+BNqIdfCU2hbODIy1NU91elwb8zZ4M=","size":165,"hex":"e08338f1af6bd6883747e04da8875f094da16ce0c8cb5354f757a5c1bf336783"},"revision_id":"5b95abeb-261f-4afc-9f4f-b46d8509d7cc","modified_at":1796170785.57877,"update_status":"Successful","reason":"","reason_code":"","last_version":0,"reserved_concurrency":null,"tags":{},"event_config":null}',1796170785.57877,1.79617078560744595529e+09);
INSERT INTO "records" VALUES('stepfunctions.state_machine','arn:aws:states:us-east-1:000000000000:stateMachine:flow','','','{"key":"arn:aws:states:us-east-1:000000000000:stateMachine:flow","state":"","parent":"","created_at":1796170785.9121296,"updated_at":1796170785.9121296,"name":"flow","definition":"{\"StartAt\": \"Begin\", \"States\": {\"Begin\": {\"Type\": \"Pass\", \"Result\": {\"from\": \"before\"}, \"Next\": \"Rest\"}, \"Rest\": {\"Type\": \"Wait\", \"Seconds\": 3600, \"Next\": \"Echo\"}, \"Echo\": {\"Type\": \"Task\", \"Resource\": \"arn:aws:states:::lambda:invoke\", \"Parameters\": {\"FunctionName\": \"echo\", \"Payload.$\": \"$\"}, \"OutputPath\": \"$.Payload\", \"End\": true}}}","role_arn":"arn:aws:iam::000000000000:role/flow","revision":"","tags":{}}',1.7961707859121296406e+09,1.7961707859121296406e+09);
INSERT INTO "records" VALUES('stepfunctions.execution','arn:aws:states:us-east-1:000000000000:execution:flow:rests','arn:aws:states:us-east-1:000000000000:stateMachine:flow','RUNNING','{"key":"arn:aws:states:us-east-1:000000000000:execution:flow:rests","state":"RUNNING","parent":"arn:aws:states:us-east-1:000000000000:stateMachine:flow","created_at":1796170786.0280824,"updated_at":1796170786.0280824,"name":"rests","definition":"{\"StartAt\": \"Begin\", \"States\": {\"Begin\": {\"Type\": \"Pass\", \"Result\": {\"from\": \"before\"}, \"Next\": \"Rest\"}, \"Rest\": {\"Type\": \"Wait\", \"Seconds\": 3600, \"Next\": \"Echo\"}, \"Echo\": {\"Type\": \"Task\", \"Resource\": \"arn:aws:states:::lambda:invoke\", \"Parameters\": {\"FunctionName\": \"echo\", \"Payload.$\": \"$\"}, \"OutputPath\": \"$.Payload\", \"End\": true}}}","role_arn":"arn:aws:iam::000000000000:role/flow","input":"{}","started_at":1796170786.0280824,"interpreter":{"version":1,"arn":"arn:aws:states:us-east-1:000000000000:execution:flow:rests","name":"rests","role_arn":"arn:aws:iam::000000000000:role/flow","start_time":1796170786.0280824,"state_machine_arn":"arn:aws:states:us-east-1:000000000000:stateMachine:flow","state_machine_name":"flow","input":{},"has_ended":false,"draws":0,"last_event":4,"last_strand":0,"last_timer":1,"strands":{"0":{"parent":null,"place":0,"flow":0,"variables":{},"map_item":null,"previous_event":4,"visit":{"state":"Rest","input":{"from":"before"},"entered_at":1796170786.0280824,"entered_event":4,"event_before":3,"attempts":{},"retry_count":0,"token":null,"gathering":null}}},"tokens":{},"timers":{"wait-1":{"purpose":"wait","strand":"0","after_seconds":3600.0,"at":null}}},"stopped_at":null,"output":null,"error":null,"cause":null}',1.79617078602808237074e+09,1.79617078602808237074e+09);
INSERT INTO "records" VALUES('cloudwatch.alarm','high','','INSUFFICIENT_DATA','{"key":"high","state":"INSUFFICIENT_DATA","parent":"","created_at":1796170786.306723,"updated_at":1796170786.306723,"arn":"arn:aws:cloudwatch:us-east-1:000000000000:alarm:high","definition":{"AlarmName":"high","MetricName":"Count","Namespace":"Own","Statistic":"Sum","Period":60,"EvaluationPeriods":1,"Threshold":100.0,"ComparisonOperator":"GreaterThanThreshold"},"generation":1,"reason":"Unchecked: Initial alarm creation","reason_data":"","configured_at":1796170786.306723,"told_at":1796170786.306723,"state_since":1796170786.306723}',1.79617078630672311785e+09,1.79617078630672311785e+09);
INSERT INTO "records" VALUES('codecommit.repository','code','','','{"key":"code","state":"","parent":"","created_at":1796170786.601085,"updated_at":1796170786.7134726,"repository_id":"8f88c104546adc20b6d88be3297cc300","description":"","default_branch":"main","seen":{"main":"9d4f5faae560a5bb25007602f56ff68c25d2c857"},"tags":{}}',1.79617078660108494755e+09,1.79617078671347260481e+09);
INSERT INTO "records" VALUES('codepipeline.pipeline','line','','','{"key":"line","state":"","parent":"","created_at":1796170787.0460932,"updated_at":1796170787.0460932,"declaration":{"name":"line","roleArn":"arn:aws:iam::000000000000:role/pipeline","artifactStore":{"type":"S3","location":"kept"},"stages":[{"name":"Source","actions":[{"name":"Data","actionTypeId":{"category":"Source","owner":"AWS","provider":"S3","version":"1"},"runOrder":1,"configuration":{"S3Bucket":"kept","S3ObjectKey":"data.zip"},"outputArtifacts":[{"name":"Data"}]}]},{"name":"Approval","actions":[{"name":"Approve","actionTypeId":{"category":"Approval","owner":"AWS","provider":"Manual","version":"1"},"runOrder":1,"configuration":{"CustomData":"From before"}}]},{"name":"Release","actions":[{"name":"Make","actionTypeId":{"category":"Build","owner":"AWS","provider":"CodeBuild","version":"1"},"runOrder":1,"configuration":{"ProjectName":"release"},"outputArtifacts":[{"name":"Made"}],"inputArtifacts":[{"name":"Data"}]}]}],"executionMode":"SUPERSEDED","pipelineType":"V2","version":1},"arn":"arn:aws:codepipeline:us-east-1:000000000000:line","tags":{}}',1.79617078704609322552e+09,1.79617078704609322552e+09);
INSERT INTO "records" VALUES('codepipeline.execution','57e5bd4a-c476-4799-8755-e4812e26dde8','line','InProgress','{"key":"57e5bd4a-c476-4799-8755-e4812e26dde8","state":"InProgress","parent":"line","created_at":1796170787.0609648,"updated_at":1796170787.1018755,"definition":{"name":"line","roleArn":"arn:aws:iam::000000000000:role/pipeline","artifactStore":{"type":"S3","location":"kept"},"stages":[{"name":"Source","actions":[{"name":"Data","actionTypeId":{"category":"Source","owner":"AWS","provider":"S3","version":"1"},"runOrder":1,"configuration":{"S3Bucket":"kept","S3ObjectKey":"data.zip"},"outputArtifacts":[{"name":"Data"}]}]},{"name":"Approval","actions":[{"name":"Approve","actionTypeId":{"category":"Approval","owner":"AWS","provider":"Manual","version":"1"},"runOrder":1,"configuration":{"CustomData":"From before"}}]},{"name":"Release","actions":[{"name":"Make","actionTypeId":{"category":"Build","owner":"AWS","provider":"CodeBuild","version":"1"},"runOrder":1,"configuration":{"ProjectName":"release"},"outputArtifacts":[{"name":"Made"}],"inputArtifacts":[{"name":"Data"}]}]}],"executionMode":"SUPERSEDED","pipelineType":"V2","version":1,"arn":"arn:aws:codepipeline:us-east-1:000000000000:line"},"trigger":{"triggerType":"CreatePipeline"},"variables":{},"stage":1,"is_inside":true,"runs":[{"id":"57e5bd4a-c476-4799-8755-e4812e26dde8.Source.Data.0","stage":"Source","action":"Data","status":"Succeeded","started_at":1796170787.0653982,"updated_at":1796170787.0865483,"external_id":"0S0JVwa9yRitLJcH-Ok4NgKC-ahl9tNC","external_url":"","summary":"","error":{},"revision":{"revisionId":"0S0JVwa9yRitLJcH-Ok4NgKC-ahl9tNC","revisionSummary":"Amazon S3 version id: 0S0JVwa9yRitLJcH-Ok4NgKC-ahl9tNC"},"variables":{"BucketName":"kept","ObjectKey":"data.zip","VersionId":"0S0JVwa9yRitLJcH-Ok4NgKC-ahl9tNC","ETag":"ca57d35a13f8051e8f68942083d5f802"},"artifacts":{"Data":["kept","line/Data/5deb3b9"]},"configuration":{"S3Bucket":"kept","S3ObjectKey":"data.zip"},"token":"","updated_by":""},{"id":"57e5bd4a-c476-4799-8755-e4812e26dde8.Approval.Approve.0","stage":"Approval","action":"Approve","status":"InProgress","started_at":1796170787.0961916,"updated_at":1796170787.1018755,"external_id":"","external_url":"","summary":"From before","error":{},"revision":{},"variables":{},"artifacts":{},"configuration":{"CustomData":"From before"},"token":"008e1476-ac81-5dae-9de3-a4b9057e7dd3","updated_by":""}],"stage_status":{"Source":"Succeeded","Approval":"InProgress"},"reason":"","attempt":0}',1.79617078706096482271e+09,1.79617078710187554361e+09);
INSERT INTO "records" VALUES('codepipeline.stage','line/Source','line','','{"key":"line/Source","state":"","parent":"line","created_at":1796170787.0653982,"updated_at":1796170787.0919857,"holder":"","waiting":"","disabled_reason":null,"changed_by":"","changed_at":0.0}',1.79617078706539821629e+09,1.7961707870919857025e+09);
INSERT INTO "records" VALUES('codepipeline.stage','line/Approval','line','','{"key":"line/Approval","state":"","parent":"line","created_at":1796170787.0961916,"updated_at":1796170787.0961916,"holder":"57e5bd4a-c476-4799-8755-e4812e26dde8","waiting":"","disabled_reason":null,"changed_by":"","changed_at":0.0}',1.7961707870961916446e+09,1.7961707870961916446e+09);
CREATE TABLE segments (
	file VARCHAR NOT NULL, 
	holder VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	size INTEGER NOT NULL, 
	sealed_key BLOB NOT NULL, 
	PRIMARY KEY (file)
);
INSERT INTO "segments" VALUES('ab43a5a288c45f092fb40960fa712a6d','bcb98c0e3d1c1821dc05cf2a2332c80d',1,17,X'6B62A4C2F54F234FEDD44011CFEE196A075991EBC0127CE970E5BB427D95DD6612231273C8333E9E30C52074EE9FDB1B6D78BC7DA76A8F6D50BFC5F7');
INSERT INTO "segments" VALUES('3fff079f05a6c616090715d14954d6c0','3c317cec933d34ac58d3efb200deb129',1,18,X'4EDFF7EF152AD210FD9065B690F491C9B418FBA66FD0D17748DA082ACB5E5387B0591BDC217935577462AC31D1F49C0C8B293B8D3A2E4AF7A5336948');
INSERT INTO "segments" VALUES('63bb91416af8ba798718445cfad315ca','e3a64f60139f4c5c78a8b9a3f533eaed',1,332,X'30378FCA7B2CA52F1846A37F1BB956725F46578FD2EDD135454FD4F92846951E2659C9105DAF27A4F4E3261F9EDA355D6BB81B19FAAD0E936735A401');
INSERT INTO "segments" VALUES('dbd62c3b2f710b47929c3e6c0cdfbae2','6b9bf9ae4fc95845e3d84559f6ce28a5',1,332,X'03091A2C3408879200FE0DF423444789129F2DE948174B550DEE665C89E6A19AB29EA8107AF5660AC365E92183C996ECE6EBA9E9D82130BF30114C44');
CREATE TABLE timers (
	kind VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	due_at FLOAT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (kind, "key", name)
);
INSERT INTO "timers" VALUES('stepfunctions.execution','arn:aws:states:us-east-1:000000000000:execution:flow:rests','wait-1',1.7961743860280823707e+09,'{}');
INSERT INTO "timers" VALUES('cloudwatch.alarm','high','evaluate',1796170802.0,'{"period": 60}');
INSERT INTO "timers" VALUES('codepipeline.execution','57e5bd4a-c476-4799-8755-e4812e26dde8','timeout/57e5bd4a-c476-4799-8755-e4812e26dde8.Approval.Approve.0',1.79677558709619164469e+09,'{"run": "57e5bd4a-c476-4799-8755-e4812e26dde8.Approval.Approve.0"}');
CREATE INDEX records_by_state ON records (kind, state);
CREATE INDEX records_by_parent ON records (kind, parent, created_at);
CREATE INDEX history_by_record ON history (kind, "key", id);
CREATE INDEX timers_by_due ON timers (due_at);
CREATE INDEX outbox_by_lane ON outbox (lane, id);
CREATE INDEX objects_latest ON objects (bucket, is_latest, "key");
CREATE UNIQUE INDEX objects_by_version ON objects (bucket, "key", version_id);
CREATE INDEX segments_by_holder ON segments (holder, position);
CREATE INDEX log_events_by_group ON log_events (group_name, at_ms, id);
CREATE INDEX log_events_by_stream ON log_events (group_name, stream_name, at_ms, id);
CREATE INDEX metric_points_by_metric ON metric_points (namespace, name, dimensions, at);
COMMIT;
