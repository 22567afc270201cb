export interface DailyTables {
  daily_setting: {
    organization_id: string;
    sealed_key: string | null;
    /** The key's last characters, so that people can tell which one it is. */
    key_hint: string | null;
    sealed_dialin_secret: string | null;
    allow_unsigned_dialin: number;
    updated_at: string;
  };
  daily_room: {
    session_id: string;
    organization_id: string;
    name: string;
    /** Null until Daily has made it. */
    url: string | null;
    /** 1: made with the organization's key; 0: with the installation's. */
    own_key: number;
    expires_at: string;
    attempts: number;
    not_before: string;
  };
}
