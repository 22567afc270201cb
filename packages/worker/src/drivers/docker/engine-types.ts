import type { Labels } from './labels.js';

// What the driver reads of the engine's answers, as the Engine API calls it.

export interface ListedContainer {
  Id: string;
  Labels: Labels;
  State: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead' | string;
  Ports?: { PrivatePort: number; PublicPort?: number; Type: string }[];
  NetworkSettings?: { Networks?: Record<string, { IPAddress?: string }> };
  SizeRw?: number;
}

export interface InspectedContainer {
  Id: string;
  State: {
    Status: ListedContainer['State'];
    Running: boolean;
    OOMKilled: boolean;
    ExitCode: number;
    Error?: string;
    FinishedAt: string;
  };
  Config: { Env?: string[] | null; Labels: Labels; StopSignal?: string };
  HostConfig: { Memory?: number };
}

export interface InspectedImage {
  Id: string;
  RepoDigests?: string[] | null;
  RepoTags?: string[] | null;
  Os: string;
  Architecture: string;
  Config?: {
    Env?: string[] | null;
    Labels?: Labels | null;
    Volumes?: Record<string, object> | null;
    WorkingDir?: string;
  };
}

export interface EngineInfo {
  OperatingSystem: string;
  DockerRootDir?: string;
  SecurityOptions?: string[] | null;
  NCPU: number;
}

export interface ContainerStats {
  cpu_stats: { cpu_usage: { total_usage: number } };
  memory_stats: { usage?: number; stats?: Record<string, number> };
}
