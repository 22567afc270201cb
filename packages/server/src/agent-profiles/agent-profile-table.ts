export interface AgentProfileTables {
  agent_profile: {
    organization_id: string;
    name: string;
    display_name: string;
    cpu: string;
    memory: string;
    disabled_at: string | null;
    created_at: string;
    updated_at: string;
  };
}
