/** The first halves of flow run names. */
export const adjectives: readonly string[] = (
  "agile amber ancient bold brave breezy bright brisk calm candid cheerful clever copper cosmic crimson curious daring " +
  "dazzling eager earnest elegant fearless fluffy fond frosty gentle gleaming golden graceful grounded hazel hidden honest " +
  "humble indigo inventive jolly keen kind lively loyal lucid lunar mellow merry mighty misty modest nimble noble opal " +
  "optimal outgoing patient placid playful polished prudent quick quiet radiant rustic sapphire serene shy silent silver " +
  "sincere smiling smooth solar spirited steady stoic sturdy subtle sunny swift tactful tidy tranquil trusty upbeat urbane " +
  "valiant velvet vivid wandering warm watchful whimsical wise witty woven zealous zesty"
).split(" ");

/** The second halves of flow run names. */
export const animals: readonly string[] = (
  "albatross alpaca antelope badger bat beaver bison bobcat bumblebee butterfly camel caracal cat chameleon cicada cobra " +
  "condor cormorant cougar crab crane cricket crow deer dingo dolphin donkey dove dragonfly duck eagle egret elk emu falcon " +
  "ferret finch firefly flamingo fox gazelle gecko gibbon goose grouse hare hawk hedgehog heron hornet ibex ibis iguana " +
  "jackal jaguar kestrel kingfisher kiwi koala lark lemur leopard limpet llama lobster lynx macaw magpie mallard manatee " +
  "mantis marmot marten mole mongoose moose moth narwhal newt nightingale ocelot octopus oriole oryx osprey otter owl panda " +
  "partridge pelican penguin pheasant pigeon pika puffin quail rabbit raccoon raven reindeer robin salamander salmon seal " +
  "shrike skunk sloth snail sparrow squid squirrel starling stork swallow swan swift tapir tern toucan trout turtle vole " +
  "walrus weasel whale wombat woodpecker wren yak zebra"
).split(" ");
