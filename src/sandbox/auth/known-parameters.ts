/**
 * Parameters of the Upload API that take part in a signature. The vendor leaves out of its string to sign what it does
 * not know, so signing an unknown parameter fails. Source: Cloudinary, "Upload API reference"; official clients.
 */
export const KNOWN_PARAMETERS: ReadonlySet<string> = new Set([
  'access_control', 'access_mode', 'accessibility_analysis', 'all', 'allow_missing', 'allowed_formats', 'asset_folder', 'asset_id',
  'asset_ids', 'async', 'attachment', 'auto_chaptering', 'auto_tagging', 'auto_transcription', 'auto_video_details', 'background_removal',
  'backup', 'callback', 'categorization', 'cinemagraph_analysis', 'clear_invalid', 'colors', 'command', 'context', 'coordinates',
  'custom_coordinates', 'delete_token', 'derived_next_cursor', 'detection', 'direction', 'discard_original_filename', 'display_name',
  'eager', 'eager_async', 'eager_notification_url', 'eval', 'exif', 'expires_at', 'face_coordinates', 'faces', 'fields',
  'filename_override', 'flatten_folders', 'flatten_transformations', 'folder', 'format', 'from_public_id', 'fully_qualified_public_ids',
  'headers', 'image_metadata', 'invalidate', 'keep_derived', 'keep_original', 'manifest_json', 'manifest_transformation', 'max_results',
  'media_metadata', 'metadata', 'mode', 'moderation', 'moderation_status', 'moderations', 'next_cursor', 'notification_url', 'ocr',
  'on_success', 'overwrite', 'pages', 'phash', 'prefix', 'prefixes', 'proxy', 'public_id', 'public_id_prefix', 'public_ids',
  'quality_analysis', 'quality_override', 'raw_convert', 'regions', 'related', 'related_next_cursor', 'responsive_breakpoints',
  'return_delete_token', 'return_error', 'similarity_search', 'skip_transformation_name', 'source', 'start_at', 'tag', 'tags',
  'target_asset_folder', 'target_filename', 'target_format', 'target_public_id', 'target_tags', 'template', 'template_vars', 'text',
  'timestamp', 'to_public_id', 'to_type', 'token', 'transformation', 'transformations', 'type', 'unique_display_name',
  'unique_filename', 'upload_preset', 'urls', 'use_asset_folder_as_public_id_prefix', 'use_filename', 'use_filename_as_display_name',
  'use_original_filename', 'value', 'key', 'version_id', 'versions', 'visual_search'
])
