/** Tables of the outbox, of webhooks and of reminders. */
export interface NotificationTables {
  notification: {
    id: string;
    kind: string;
    organization_id: string | null;
    subject: string;
    body_text: string;
    path: string | null;
    data_json: string;
    created_at: string;
  };
  webhook: {
    id: string;
    organization_id: string;
    url: string;
    kinds_json: string;
    /** Its secret, by the secret box. */
    sealed: string;
    created_at: string;
    created_by: string | null;
  };
  /** One notification for one person or one webhook. */
  delivery: {
    id: string;
    notification_id: string;
    /** `mail` with a user, `webhook` with a webhook. */
    channel: string;
    user_id: string | null;
    webhook_id: string | null;
    state: string;
    attempts: number;
    /** While it is being sent: when another sender may take it over. */
    next_attempt_at: string;
    last_error: string | null;
    ended_at: string | null;
  };
  token_reminder: { token_id: string; threshold_days: number; sent: number; decided_at: string };
}
