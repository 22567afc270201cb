export interface WhatsappTables {
  whatsapp_call: {
    agent_id: string;
    call_id: string;
    organization_id: string;
    session_id: string;
    created_at: string;
  };
}
