-- Signatures that were accepted on older revocation data are judged again; what changed is told.
-- Both checks allow more than those before them: rows of the version before fit.

ALTER TABLE events
    DROP CONSTRAINT events_cause,
    ADD CONSTRAINT events_cause CHECK ((cause <> '') = (name IN (
        'NotificationForAcceptanceFailure', 'ConsignmentNotification',
        'ConsignmentNotificationFailure', 'ContentAccessTracking', 'SignatureStatus')));

ALTER TABLE outbox
    DROP CONSTRAINT outbox_task_check,
    ADD CONSTRAINT outbox_task_check CHECK (task IN (
        'forward', 'expire', 'end-holding', 'push-envelope', 'push-content',
        'recheck-signature'));
