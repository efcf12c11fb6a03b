"""What an event is: identities, drafts, the Avro codec and the topics. No IO beyond reading the packaged schemas."""
