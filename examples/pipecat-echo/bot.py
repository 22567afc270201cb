"""A Pipecat pipeline that says back what it hears and is told. It needs no outside service and no model."""

import asyncio

from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker, ProcessorUnusablePolicy
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.processors.frameworks.rtvi.frames import RTVIClientMessageFrame, RTVIServerResponseFrame
from pipecat.runner.types import SmallWebRTCRunnerArguments, WebSocketRunnerArguments
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.transports.websocket.client import WebsocketClientParams, WebsocketClientTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

# The first unless the start request says otherwise.
SAMPLE_RATES = (16000, 8000, 24000, 48000)
CONNECT_SECONDS = 15

AUDIO = {
    "audio_in_enabled": True,
    "audio_out_enabled": True,
    # What comes in in frames of 20 ms goes out in frames of 20 ms, without a rest that waits for more.
    "audio_out_10ms_chunks": 2,
    # Only what was heard is sent: silence of our own would make the echo longer than the speech.
    "audio_out_auto_silence": False,
}


class Echo(FrameProcessor):
    """Turns what comes in into what goes out: audio, and messages of browser clients."""

    def __init__(self) -> None:
        super().__init__()
        self.echoed_bytes = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, RTVIClientMessageFrame):
            await self.push_frame(RTVIServerResponseFrame(client_msg=frame, data=frame.data))
            return
        if not isinstance(frame, InputAudioRawFrame):
            await self.push_frame(frame, direction)
            return
        self.echoed_bytes += len(frame.audio)
        await self.push_frame(
            OutputAudioRawFrame(audio=frame.audio, sample_rate=frame.sample_rate, num_channels=frame.num_channels)
        )


async def bot(runner_args) -> None:
    """Echoes over WebRTC, on the caller's socket, or on the one that the start request says to dial."""
    body = runner_args.body if isinstance(runner_args.body, dict) else {}
    rate = body.get("sample_rate")
    if rate not in SAMPLE_RATES:
        rate = SAMPLE_RATES[0]
    if isinstance(runner_args, SmallWebRTCRunnerArguments):
        transport = SmallWebRTCTransport(runner_args.webrtc_connection, TransportParams(**AUDIO))
        await run(transport, "on_client_connected", "on_client_disconnected", rate)
        return

    if isinstance(runner_args, WebSocketRunnerArguments):
        params = FastAPIWebsocketParams(serializer=ProtobufFrameSerializer(), add_wav_header=False, **AUDIO)
        transport = FastAPIWebsocketTransport(runner_args.websocket, params)
        await run(transport, "on_client_connected", "on_client_disconnected", rate)
        return

    address = body.get("dial")
    if not isinstance(address, str) or not address.startswith(("ws://", "wss://")):
        logger.error('There is nothing to echo. Open a socket session, or start with {"dial": "ws://host:port"}.')
        return
    params = WebsocketClientParams(serializer=ProtobufFrameSerializer(), add_wav_header=False, **AUDIO)
    await run(WebsocketClientTransport(address, params), "on_connected", "on_disconnected", rate)


async def run(transport: BaseTransport, connected: str, disconnected: str, rate: int) -> None:
    echo = Echo()
    is_connected = asyncio.Event()
    worker = PipelineWorker(
        Pipeline([transport.input(), echo, transport.output()]),
        params=PipelineParams(audio_in_sample_rate=rate, audio_out_sample_rate=rate),
        # The client decides when the session is over.
        idle_timeout_secs=None,
        # A socket that can't be dialled leaves nothing to do.
        processor_unusable_policy=ProcessorUnusablePolicy.CANCEL,
        enable_turn_tracking=False,
    )

    @transport.event_handler(connected)
    async def on_connected(_transport, _socket) -> None:
        is_connected.set()
        logger.info(f"Client connected, {rate} samples a second")

    @transport.event_handler(disconnected)
    async def on_disconnected(_transport, _socket) -> None:
        logger.info("Client disconnected")
        await worker.cancel()

    async def give_up_without_client() -> None:
        try:
            await asyncio.wait_for(is_connected.wait(), CONNECT_SECONDS)
        except TimeoutError:
            logger.error(f"No client within {CONNECT_SECONDS} s")
            await worker.cancel()

    runner = WorkerRunner(handle_sigint=False, handle_sigterm=False)
    await runner.add_workers(worker)
    watch = asyncio.create_task(give_up_without_client())
    try:
        await runner.run()
    finally:
        watch.cancel()
        logger.info(f"Echoed {echo.echoed_bytes} bytes of audio")
