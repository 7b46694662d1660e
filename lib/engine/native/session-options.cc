// tfjs-node loads every graph with TensorFlow's default session options. Its sources are compiled
// with -DTF_NewSessionOptions=LatentLabNewSessionOptions, so that they call this function instead. It
// takes the number of threads of one operation from the environment variable
// LATENTLAB_SESSION_THREADS, which lib/compile/session.ts sets while it loads a graph.
#undef TF_NewSessionOptions
#include "tensorflow/c/c_api.h"

#include <cstdlib>

extern "C" TF_SessionOptions *LatentLabNewSessionOptions() {
  TF_SessionOptions *options = TF_NewSessionOptions();
  const char *text = std::getenv("LATENTLAB_SESSION_THREADS");
  const int threads = text == nullptr ? 0 : std::atoi(text);
  if (threads < 1 || threads > 127) return options;
  // ConfigProto: field 2, intra_op_parallelism_threads, a varint of one byte.
  const unsigned char config[] = {2 << 3, static_cast<unsigned char>(threads)};
  TF_Status *status = TF_NewStatus();
  TF_SetConfig(options, config, sizeof config, status);
  TF_DeleteStatus(status);
  return options;
}
