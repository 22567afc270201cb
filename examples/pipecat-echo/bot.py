"""A Pipecat pipeline that says back what it hears. It needs no outside service and no model."""

import asyncio

from loguru import logger
from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker, ProcessorUnusablePolicy
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.runner.types import WebSocketRunnerArguments
from pipecat.serializers.protobuf import ProtobufFrameSerializer
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.websocket.client import WebsocketClientParams, WebsocketClientTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.workers.runner import WorkerRunner

SAMPLE_RATE = 16000
CONNECT_SECONDS = 15

AUDIO = {
    "audio_in_enabled": True,
    "audio_out_enabled": True,
    # What comes in in frames of 20 ms goes out in frames of 20 ms, without a rest that waits for more.
    "audio_out_10ms_chunks": 2,
    # Only what was heard is sent: silence of our own would make the echo longer than the speech.
    "audio_out_auto_silence": False,
    "add_wav_header": False,
}


class Echo(FrameProcessor):
    """Turns the audio that comes in into audio that goes out."""

    def __init__(self) -> None:
        super().__init__()
        self.echoed_bytes = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, InputAudioRawFrame):
            await self.push_frame(frame, direction)
            return
        self.echoed_bytes += len(frame.audio)
        await self.push_frame(
            OutputAudioRawFrame(audio=frame.audio, sample_rate=frame.sample_rate, num_channels=frame.num_channels)
        )


async def bot(runner_args) -> None:
    """Echoes on the caller's socket, or on the one that the start request says to dial."""
    if isinstance(runner_args, WebSocketRunnerArguments):
        params = FastAPIWebsocketParams(serializer=ProtobufFrameSerializer(), **AUDIO)
        transport = FastAPIWebsocketTransport(runner_args.websocket, params)
        await run(transport, "on_client_connected", "on_client_disconnected")
        return

    address = (runner_args.body or {}).get("dial")
    if not isinstance(address, str) or not address.startswith(("ws://", "wss://")):
        logger.error('There is nothing to echo. Open a socket session, or start with {"dial": "ws://host:port"}.')
        return
    params = WebsocketClientParams(serializer=ProtobufFrameSerializer(), **AUDIO)
    await run(WebsocketClientTransport(address, params), "on_connected", "on_disconnected")


async def run(transport: BaseTransport, connected: str, disconnected: str) -> None:
    echo = Echo()
    is_connected = asyncio.Event()
    worker = PipelineWorker(
        Pipeline([transport.input(), echo, transport.output()]),
        params=PipelineParams(audio_in_sample_rate=SAMPLE_RATE, audio_out_sample_rate=SAMPLE_RATE),
        # The socket decides when the session is over.
        idle_timeout_secs=None,
        # A socket that can't be dialled leaves nothing to do.
        processor_unusable_policy=ProcessorUnusablePolicy.CANCEL,
        enable_turn_tracking=False,
        enable_rtvi=False,
    )

    @transport.event_handler(connected)
    async def on_connected(_transport, _socket) -> None:
        is_connected.set()
        logger.info("Client connected")

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
