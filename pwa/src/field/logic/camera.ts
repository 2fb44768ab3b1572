/** One shot of the camera, as large as it gives it. */
type Capture = { takePhoto(): Promise<Blob> };
type CaptureMaker = new (track: MediaStreamTrack) => Capture;

const PHOTO_WAIT_MS = 4000;

/** The camera's own still where the browser offers it, otherwise the frame that is on the screen. */
export async function takeShot(stream: MediaStream, video: HTMLVideoElement): Promise<Blob> {
  const track = stream.getVideoTracks()[0];
  const Maker = (globalThis as { ImageCapture?: CaptureMaker }).ImageCapture;
  if (track && Maker) {
    try {
      const still = await withLimit(new Maker(track).takePhoto());
      if (still.size > 0) return still;
    } catch {
      // Some phones refuse a still while the view runs: the frame that is seen is better than nothing.
    }
  }
  return frameOf(video);
}

function withLimit(still: Promise<Blob>): Promise<Blob> {
  const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error('late')), PHOTO_WAIT_MS));
  return Promise.race([still, late]);
}

function frameOf(video: HTMLVideoElement): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no frame'))), 'image/jpeg', 0.95);
  });
}

export function cameraTrouble(problem: unknown): string {
  const name = problem instanceof Error ? problem.name : '';
  if (name === 'NotAllowedError') {
    return 'The phone does not allow Holdfast to use the camera. Allow it in the settings of the browser, or choose a file.';
  }
  if (name === 'NotReadableError') return 'Another app is using the camera. Close it, or choose a file.';
  return 'No camera was found. Choose a file instead.';
}
