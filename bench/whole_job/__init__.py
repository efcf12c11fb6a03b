"""The whole job, from compositions and records to views, by Regiehub and others on one Kafka; see bench/README.md."""
