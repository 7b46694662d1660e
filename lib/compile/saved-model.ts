import { shapeMessage } from "./attributes";
import type { Spec } from "./graph";
import { type NodeMessage, type TensorInfoMessage, messages } from "./protobuf";

/** An input or output of a signature; −1 in its shape is any size. */
export interface Port extends Spec {
  readonly node: string;
}

/** A function of the graph that whoever opens the model can call: by names, not by nodes. */
export interface Signature {
  readonly inputs: Readonly<Record<string, Port>>;
  readonly outputs: Readonly<Record<string, Port>>;
}

/** The GraphDef version we write: that of TensorFlow 2.16, the oldest library we build against. */
const GRAPH_VERSION = 1766;

/** A graph as the bytes of a `saved_model.pb`. */
export function savedModelBytes(
  nodes: readonly NodeMessage[],
  signatures: Readonly<Record<string, Signature>> = {},
): Uint8Array {
  const graph = new messages.GraphDef();
  graph.setNodeList(nodes);
  const versions = new messages.VersionDef();
  versions.setProducer(GRAPH_VERSION);
  graph.setVersions(versions);
  const info = new messages.MetaGraphDef.MetaInfoDef();
  info.setTagsList(["serve"]);
  const metaGraph = new messages.MetaGraphDef();
  metaGraph.setGraphDef(graph);
  metaGraph.setMetaInfoDef(info);
  for (const [name, { inputs, outputs }] of Object.entries(signatures)) {
    const signature = new messages.SignatureDef();
    signature.setMethodName("tensorflow/serving/predict");
    addPorts(signature.getInputsMap(), inputs);
    addPorts(signature.getOutputsMap(), outputs);
    metaGraph.getSignatureDefMap().set(name, signature);
  }
  const model = new messages.SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.setMetaGraphsList([metaGraph]);
  return model.serializeBinary();
}

function addPorts(
  map: { set(name: string, info: TensorInfoMessage): void },
  ports: Readonly<Record<string, Port>>,
): void {
  for (const [name, { node, dtype, shape }] of Object.entries(ports)) {
    const info = new messages.TensorInfo();
    info.setName(node.includes(":") ? node : `${node}:0`);
    info.setDtype(dtype);
    info.setTensorShape(shapeMessage(shape));
    map.set(name, info);
  }
}
