import type { UploadApiResponse } from 'cloudinary'

/** Loads the official client. It reads `CLOUDINARY_URL` while it is loaded, so the sandbox must be running by then. */
async function client () {
  return (await import('cloudinary')).v2
}

/** What the examples test: code of an application, which knows Cloudinary's own client and nothing of the sandbox. */
export async function saveAvatar (user: string, picture: string): Promise<UploadApiResponse> {
  const { uploader } = await client()
  return uploader.upload(picture, { public_id: `avatars/${user}`, overwrite: true, tags: ['avatar'] })
}

/** Tries again once when the service fails, but not when it says that the picture is at fault. */
export async function saveAvatarPatiently (user: string, picture: string): Promise<UploadApiResponse> {
  try {
    return await saveAvatar(user, picture)
  } catch (error) {
    // The client throws what it was answered.
    if ((error as { http_code?: number }).http_code === 400) throw error
    return saveAvatar(user, picture)
  }
}
