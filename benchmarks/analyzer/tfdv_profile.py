"""A profile by TensorFlow Data Validation."""

import sys

import tensorflow_data_validation as tfdv

print(len(tfdv.generate_statistics_from_csv(sys.argv[1]).datasets[0].features))
