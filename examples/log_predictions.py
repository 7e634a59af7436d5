"""Log a scikit-learn model's predictions for Seawall: to a Kafka topic, or without one to standard output.

python log_predictions.py 20000 > accepted.jsonl
python log_predictions.py 20000 localhost:9092 inference
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from kafka import KafkaProducer
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

A_SECOND = 200

count, brokers, topic = int(sys.argv[1]), sys.argv[2:3], sys.argv[3:4] or ["inference"]
data = load_breast_cancer()
known, served, answers, _ = train_test_split(data.data, data.target, test_size=0.5, random_state=0)
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(known, answers)
producer = KafkaProducer(bootstrap_servers=brokers) if brokers else None

for number, row in enumerate(served[np.random.default_rng().integers(len(served), size=count)]):
    chances = model.predict_proba([row])[0]
    record = {
        "id": f"{time.time_ns()}-{number}",  # a record that comes twice counts once
        "time": time.time(),
        "model": "diagnosis",
        "version": "1",
        "features": dict(zip(data.feature_names.tolist(), row.tolist(), strict=True)),
        "prediction": str(data.target_names[chances.argmax()]),
        "scores": dict(zip(data.target_names.tolist(), chances.round(4).tolist(), strict=True)),
    }
    if producer is None:
        print(json.dumps(record))
    else:
        producer.send(topic[0], json.dumps(record).encode())
        time.sleep(1 / A_SECOND)
if producer is not None:
    producer.flush()
