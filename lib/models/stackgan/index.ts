export { ConditioningAugmentation } from "./conditioning";
export {
  TextDiscriminator,
  type TextDiscriminatorConfig,
  type TextVerdicts,
} from "./discriminator";
export {
  type StageOneConfig,
  StageOneGenerator,
  type StageTwoConfig,
  StageTwoGenerator,
} from "./generators";
