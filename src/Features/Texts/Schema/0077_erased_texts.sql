-- What was sent to a customer goes when the customer does.
grant delete on texts to kestrel_app;
create index texts_of_recipient on texts (tenant_id, to_number);
