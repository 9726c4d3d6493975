// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

// Plays an RTMP stream and pulls its decoded pictures from an appsink.
//
//     watch [--frames N] rtmp://host/application/stream
//
// Prints a line for each picture and `frames N` at the end. The exit status is
// 0 only if pictures came and nothing failed. To compile:
//
//     cc -Wall -o watch watch.c $(pkg-config --cflags --libs gstreamer-1.0 gstreamer-app-1.0)

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The audio goes nowhere, but something has to take it: a demuxer with a part
// that nobody wants may stop with `not-linked`.
static const char *PIPELINE =
    "rtmprsrc name=source ! flvdemux name=demux "
    "demux.video ! queue ! decodebin ! videoconvert ! video/x-raw,format=RGB "
    "    ! appsink name=pictures sync=false max-buffers=8 "
    "demux.audio ! queue leaky=downstream ! fakesink sync=false async=false";

// Without video the appsink would wait for ever.
static void
on_no_more_pads (GstElement *demux, gpointer data)
{
  (void) data;
  GstPad *video = gst_element_get_static_pad (demux, "video");
  if (video != NULL) {
    gst_object_unref (video);
    return;
  }
  gst_element_post_message (demux,
      gst_message_new_application (GST_OBJECT (demux),
          gst_structure_new_empty ("no-video")));
}

// What an application would do with a picture.
static void
show (guint64 count, GstSample *sample)
{
  GstStructure *caps = gst_caps_get_structure (gst_sample_get_caps (sample), 0);
  int width = 0;
  int height = 0;
  gst_structure_get_int (caps, "width", &width);
  gst_structure_get_int (caps, "height", &height);

  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstMapInfo pixels;
  if (!gst_buffer_map (buffer, &pixels, GST_MAP_READ))
    return;
  // pixels.data holds the picture; gst_video_frame_map() knows its strides.
  printf ("frame %" PRIu64 ": %dx%d %s, %zu bytes, at %.3f s\n", count, width,
      height, gst_structure_get_string (caps, "format"), (size_t) pixels.size,
      (double) GST_BUFFER_PTS (buffer) / GST_SECOND);
  gst_buffer_unmap (buffer, &pixels);
}

// Prints what the bus says is wrong, if anything is.
static gboolean
has_problem (GstBus *bus)
{
  GstMessage *message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR | GST_MESSAGE_APPLICATION);
  if (message == NULL)
    return FALSE;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_APPLICATION) {
    fprintf (stderr, "error: the stream has no video\n");
  } else {
    GError *error = NULL;
    char *debug = NULL;
    gst_message_parse_error (message, &error, &debug);
    char *source = gst_object_get_path_string (GST_MESSAGE_SRC (message));
    fprintf (stderr, "error: %s: %s\n%s\n", source, error->message,
        debug != NULL ? debug : "");
    g_free (source);
    g_free (debug);
    g_error_free (error);
  }
  gst_message_unref (message);
  return TRUE;
}

static int
usage (const char *program)
{
  fprintf (stderr, "Usage: %s [--frames N] rtmp://host/application/stream\n",
      program);
  return 2;
}

int
main (int argc, char **argv)
{
  const char *location = NULL;
  guint64 limit = G_MAXUINT64;
  for (int i = 1; i < argc; i++) {
    if (strcmp (argv[i], "--frames") == 0) {
      if (++i == argc
          || !g_ascii_string_to_unsigned (argv[i], 10, 1, G_MAXUINT64, &limit,
              NULL))
        return usage (argv[0]);
    } else if (argv[i][0] != '-' && location == NULL) {
      location = argv[i];
    } else {
      return usage (argv[0]);
    }
  }
  if (location == NULL)
    return usage (argv[0]);

  gst_init (NULL, NULL);
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (PIPELINE, &error);
  if (error != NULL) {
    fprintf (stderr, "error: %s\n", error->message);
    g_error_free (error);
    if (pipeline != NULL)
      gst_object_unref (pipeline);
    return 1;
  }
  GstElement *source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  // Unlike the location property, this tells at once what is wrong with a URL.
  gst_uri_handler_set_uri (GST_URI_HANDLER (source), location, &error);
  gst_object_unref (source);
  if (error != NULL) {
    fprintf (stderr, "error: %s\n", error->message);
    g_error_free (error);
    gst_object_unref (pipeline);
    return 1;
  }
  GstElement *demux = gst_bin_get_by_name (GST_BIN (pipeline), "demux");
  g_signal_connect (demux, "no-more-pads", G_CALLBACK (on_no_more_pads), NULL);
  gst_object_unref (demux);
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), "pictures");
  GstAppSink *pictures = GST_APP_SINK (element);
  GstBus *bus = gst_element_get_bus (pipeline);

  guint64 frames = 0;
  gboolean failed = FALSE;
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (frames < limit) {
    GstSample *sample =
        gst_app_sink_try_pull_sample (pictures, 100 * GST_MSECOND);
    // Asked before the bus: an error is there before the end it causes.
    gboolean ended = sample == NULL && gst_app_sink_is_eos (pictures);
    if (sample != NULL) {
      show (++frames, sample);
      gst_sample_unref (sample);
    }
    failed = has_problem (bus);
    if (failed || ended)
      break;
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  printf ("frames %" PRIu64 "\n", frames);
  if (!failed && frames == 0) {
    fprintf (stderr, "error: no pictures came\n");
    failed = TRUE;
  }

  gst_object_unref (bus);
  gst_object_unref (element);
  gst_object_unref (pipeline);
  return failed ? 1 : 0;
}
