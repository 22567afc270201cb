export interface RegionTables {
  region: {
    id: string;
    organization_id: string;
    code: string;
    display_name: string | null;
    workloads_namespace: string | null;
    architectures_json: string | null;
    default_architecture: string | null;
    ws_public_endpoint: string | null;
    created_at: string;
    updated_at: string;
  };
}
